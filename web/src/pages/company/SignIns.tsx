import { Button, CopyButton, Group, Menu, Modal, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useCompanyName, useMay, useSession } from "@/api/session";
import { counted, roleName } from "@/parts/names";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Icon } from "@/parts/Icon";
import { Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { At } from "@/parts/Time";
import styles from "./Company.module.css";

type User = Shapes["UserShown"];
type Role = Shapes["Role"];

const ROLES: readonly { value: Role; label: string; does: string }[] = [
  { value: "reader", label: "Reader", does: "looks, and changes nothing: the customer's own person" },
  { value: "technician", label: "Technician", does: "works on incidents" },
  { value: "company_admin", label: "Company admin", does: "also sets tools, rules, contacts and brakes" },
];
const PAGE = 500;
const MOST_PAGES = 20;

/** Everybody who serves the company, all pages of the list, since the API lists people of the whole MSP. */
async function serving(company: string): Promise<User[]> {
  const found: User[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor ? { cursor } : {}) };
    const told: Shapes["Page_UserShown_"] = await answered(client.GET("/api/users", { params: { query } }));
    found.push(...told.items.filter((one) => one.serves_all || one.companies.includes(company)));
    if (told.next === null) break;
    cursor = told.next;
  }
  return found.sort((a, b) => a.email.localeCompare(b.email));
}

export function SignIns({ company }: { company: string }) {
  const may = useMay();
  const queries = useQueryClient();
  const { email } = useSession();
  const name = useCompanyName()(company);
  const [inviting, setInviting] = useState(false);
  const [link, setLink] = useState<{ email: string; made: Shapes["LinkMade"] } | null>(null);
  const { data, error, refetch } = useQuery({ queryKey: ["users", company], queryFn: () => serving(company) });
  const again = () => void queries.invalidateQueries({ queryKey: ["users"] });
  const set = useMutation({
    mutationFn: ({ who, body }: { who: string; body: Shapes["UserSet"] }) => answered(client.PATCH("/api/users/{email}", { params: { path: { email: who } }, body })),
    onSuccess: again,
  });
  const reset = useMutation({
    mutationFn: (who: string) => answered(client.POST("/api/users/{email}/password-link", { params: { path: { email: who } } })),
    onSuccess: (made, who) => setLink({ email: who, made }),
  });
  if (error && !data) return <Failure what="People" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={4} />;
  const failure = set.error ?? reset.error;
  return (
    <>
      {may("user.invite") ? <p className={styles.lead}><Button onClick={() => setInviting(true)}>Invite somebody</Button></p> : null}
      {failure ? <p role="alert" className={styles.bad}>{refusalElse(failure)}</p> : null}
      <table className={`${table.table} ${table.cards}`}>
        <thead><tr><th>Who</th><th>As</th><th className={table.some}>Serves</th><th><span className="visually-hidden">What to do</span></th></tr></thead>
        <tbody>{data.map((one) => (
          <tr key={one.id}>
            <td className={styles.anywhere}><b>{one.email}</b>{one.email === email ? <span className="dim"> (you)</span> : null}</td>
            <td>{roleName(one.role)}</td>
            <td className={table.some}>{serves(one)}</td>
            <td className={table.right}>{one.email !== email && (may("user.set") || may("password.reset")) ? (
              <Menu position="bottom-end">
                <Menu.Target><button type="button" className={styles.icon} aria-label={`What to do with ${one.email}`}><Icon name="more" size={16} /></button></Menu.Target>
                <Menu.Dropdown>
                  {may("user.set") && one.role !== "msp_admin" ? <><Menu.Label>Make them</Menu.Label>{ROLES.filter((role) => role.value !== one.role).map((role) => <Menu.Item key={role.value} onClick={() => set.mutate({ who: one.email, body: { role: role.value } })}>{role.label}</Menu.Item>)}<Menu.Divider /></> : null}
                  {may("password.reset") ? <Menu.Item onClick={() => reset.mutate(one.email)}>Make a link for a new password</Menu.Item> : null}
                  {may("user.set") && one.companies.includes(company) && one.groups.length === 0 ? <Menu.Item onClick={() => set.mutate({ who: one.email, body: { companies: one.companies.filter((other) => other !== company) } })}>Let them serve {name} no more</Menu.Item> : null}
                </Menu.Dropdown>
              </Menu>
            ) : null}</td>
          </tr>
        ))}</tbody>
      </table>
      {inviting ? <Invite company={company} name={name} onMade={(who, made) => { setInviting(false); setLink({ email: who, made }); again(); }} onClose={() => setInviting(false)} /> : null}
      {link ? <LinkShown email={link.email} made={link.made} onClose={() => setLink(null)} /> : null}
    </>
  );
}

function serves(one: User): string {
  if (one.serves_all) return "all companies";
  return `${counted(one.companies.length, "company", "companies")}${one.groups.length ? ", through a group" : ""}`;
}

function Invite({ company, name, onMade, onClose }: { company: string; name: string; onMade: (email: string, made: Shapes["LinkMade"]) => void; onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("technician");
  const invite = useMutation({
    mutationFn: () => answered(client.POST("/api/users/invitations", { body: { email: email.trim(), role, companies: [company] } as Shapes["Invitation"] })),
    onSuccess: (made) => onMade(email.trim(), made),
  });
  return (
    <Modal opened onClose={onClose} title={`Invite somebody to ${name}`}>
      <form onSubmit={(event) => { event.preventDefault(); invite.mutate(); }}>
        <TextInput type="email" label="E-mail" required data-autofocus autoComplete="off" value={email} error={refusalAt(invite.error, "email")} onChange={(event) => setEmail(event.currentTarget.value)} />
        <Select mt="sm" label="As" allowDeselect={false} data={ROLES.map(({ value, label }) => ({ value, label }))} description={ROLES.find((one) => one.value === role)?.does} value={role} error={refusalAt(invite.error, "role")} onChange={(value) => setRole(value as Role)} />
        {invite.error && refusalElse(invite.error, "email", "role") ? <p role="alert">{refusalElse(invite.error, "email", "role")}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" disabled={!email.trim()} loading={invite.isPending}>Make the invitation</Button></Group>
      </form>
    </Modal>
  );
}

/** The link by which somebody chooses a password: shown this once, and worth as much as the password. */
function LinkShown({ email, made, onClose }: { email: string; made: Shapes["LinkMade"]; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={`A link for ${email}`}>
      {made.link ? (
        <>
          <p>Give it to nobody else: whoever opens it first chooses the password. It is shown this once and works until <At at={made.expires_at} />.</p>
          <div className={styles.secret}><code>{made.link}</code><CopyButton value={made.link}>{({ copied, copy }) => <Button onClick={copy} leftSection={<Icon name={copied ? "check" : "copy"} size={12} />}>{copied ? "Copied" : "Copy"}</Button>}</CopyButton></div>
        </>
      ) : <p>It was sent to them, and works until <At at={made.expires_at} />.</p>}
    </Modal>
  );
}
