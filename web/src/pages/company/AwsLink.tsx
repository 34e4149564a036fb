import { Button, Group, Modal, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { checkRole, type Role, type RoleCheck, template, useAccessAct, useAwsLink } from "@/api/access";
import { useMay } from "@/api/session";
import { Icon } from "@/parts/Icon";
import { Inert } from "@/parts/Inert";
import { refusalAt, refusalElse } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Age } from "@/parts/Time";
import styles from "./Company.module.css";

/** The client's account at AWS: the role that it makes for us, and what is wrong with it. */
export function AwsLink({ company }: { company: string }) {
  const may = useMay();
  const [printing, setPrinting] = useState(false);
  const { data, error, refetch } = useAwsLink(company);
  if (error && !data) return <Failure what="Its account at AWS" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={3} />;
  return (
    <section aria-label="Account at AWS">
      <h2>Account at AWS</h2>
      <p className={styles.lead}>The client makes a role for us from a template, and its ARN is kept as a credential of AWS Systems Manager. It is used only after it was seen to be closed to everybody else.</p>
      <dl className={styles.facts} style={{ marginBottom: 12 }}><dt>External ID</dt><dd>{data.external_id ? <code>{data.external_id}</code> : <span className="dim">made with the first template</span>}</dd></dl>
      {may("aws.template") ? <p style={{ marginBottom: 12 }}><Button onClick={() => setPrinting(true)}>Get the template</Button></p> : null}
      {data.roles.length === 0 ? <p className="dim">No credential names a role yet.</p> : data.roles.map((one) => <RoleCard key={one.credential_id} company={company} one={one} mayCheck={may("aws.check")} />)}
      {printing ? <Template company={company} onClose={() => setPrinting(false)} /> : null}
    </section>
  );
}

function RoleCard({ company, one, mayCheck }: { company: string; one: Role; mayCheck: boolean }) {
  const [region, setRegion] = useState("");
  const check = useAccessAct(company, checkRole(company));
  const asked = refusalAt(check.error, "region");
  return (
    <div className={`card ${styles.role}`}>
      <h3><Inert text={one.name} /></h3>
      <p className={styles.anywhere}><code><Inert text={one.role_arn} /></code></p>
      <p>{one.proven_at ? <>Seen to be closed to everybody else <Age at={one.proven_at} suffix=" ago" />.</> : "Nobody has seen yet that it is closed to everybody else, so it is not used."}</p>
      {mayCheck ? (
        <form className={styles.ask} onSubmit={(event) => { event.preventDefault(); check.mutate({ credential: one.credential_id, ...(region.trim() ? { region: region.trim() } : {}) }); }}>
          <TextInput label="Region" description="Empty: that of an asset bound with it" placeholder="eu-central-1" value={region} onChange={(event) => setRegion(event.currentTarget.value)} error={asked} />
          <Button type="submit" aria-label={`Check it now: ${one.name}`} loading={check.isPending}>Check it now</Button>
        </form>
      ) : null}
      {check.error && asked === undefined ? <p role="alert" className={styles.bad}>{refusalElse(check.error)}</p> : null}
      {check.data ? <Findings seen={check.data} /> : null}
    </div>
  );
}

const HOLDS = { true: ["check", "holds"], false: ["warning", "is wrong"], null: ["clock", "could not be seen"] } as const;

function Findings({ seen }: { seen: RoleCheck }) {
  return (
    <div role="status">
      <p><b>{seen.holds ? "All holds." : seen.is_closed ? "It is closed to everybody else, and something is missing." : "It is not seen to be closed to everybody else: nothing runs by it."}</b> <span className="dim">Looked in {seen.region}.</span></p>
      <table className={table.table}>
        <thead><tr><th>What must hold</th><th>Seen</th><th className={table.some}>What was answered</th><th>Mend</th></tr></thead>
        <tbody>{seen.findings.map((one) => {
          const [icon, word] = HOLDS[String(one.holds) as keyof typeof HOLDS];
          return <tr key={one.what}><td className={styles.anywhere}>{one.what}</td><td><span className={styles.with} data-holds={one.holds ?? undefined}><Icon name={icon} size={13} /> {word}</span></td><td className={`${table.some} ${styles.anywhere}`}><Inert text={one.said} /></td><td className={styles.anywhere}>{one.mend}</td></tr>;
        })}</tbody>
      </table>
    </div>
  );
}

const FORMATS = [{ value: "cloudformation", label: "CloudFormation" }, { value: "terraform", label: "Terraform" }] as const;
const FILES = { cloudformation: "alertwhisperer-role.json", terraform: "alertwhisperer-role.tf" } as const;

function Template({ company, onClose }: { company: string; onClose: () => void }) {
  const [format, setFormat] = useState<keyof typeof FILES>("cloudformation");
  const [principal, setPrincipal] = useState("");
  const [bucket, setBucket] = useState("");
  const print = useAccessAct(company, template(company));
  const get = () => print.mutate({ format, output_bucket: bucket.trim(), ...(principal.trim() ? { principal: principal.trim() } : {}) }, { onSuccess: (made) => { download(FILES[format], made.text); onClose(); } });
  return (
    <Modal opened onClose={onClose} title="The role for the client to make">
      <form onSubmit={(event) => { event.preventDefault(); get(); }}>
        <p>It has least rights, and demands the company's external ID. The client applies it in its own account and tells you the ARN of the role.</p>
        <Select mt="sm" data-autofocus label="For" allowDeselect={false} data={[...FORMATS]} value={format} onChange={(chosen) => setFormat(chosen as keyof typeof FILES)} />
        <TextInput mt="sm" label="Who we are at AWS" description="ARN of this server's identity; empty: AWS is asked" value={principal} onChange={(event) => setPrincipal(event.currentTarget.value)} error={refusalAt(print.error, "principal")} />
        <TextInput mt="sm" label="Bucket for whole output" description="Where a script says more than 24,000 letters; empty: none" value={bucket} onChange={(event) => setBucket(event.currentTarget.value)} error={refusalAt(print.error, "output_bucket")} />
        {print.error && refusalElse(print.error, "principal", "output_bucket") ? <p role="alert">{refusalElse(print.error, "principal", "output_bucket")}</p> : null}
        <Group justify="flex-end" mt="md"><Button onClick={onClose}>Leave it</Button><Button type="submit" variant="filled" loading={print.isPending}>Download it</Button></Group>
      </form>
    </Modal>
  );
}

function download(name: string, text: string) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
