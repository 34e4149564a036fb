import { Button, Group } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { Search } from "@/address";
import { answered, client } from "@/api/client";
import { useMay } from "@/api/session";
import { RuleDialog } from "@/pages/company/RuleDialog";
import { draftOf, refusedRule, type Rule, ruleWords } from "@/pages/company/ruleWords";
import { RuleVersions } from "@/pages/company/RuleVersions";
import { Icon } from "@/parts/Icon";
import { counted } from "@/parts/names";
import { refusalAt } from "@/parts/refusal";
import { Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import styles from "./Company.module.css";

/** The rules that group a company's alerts, in the order they are tried; changes are gathered, then saved as one version. */
export function Rules({ company }: { company: string }) {
  const may = useMay();
  const { data, error, refetch } = useQuery({ queryKey: ["rules", company], queryFn: () => answered(client.GET("/api/companies/{company_id}/rules", { params: { path: { company_id: company } } })) });
  if (error && !data) return <Failure what="Rules" failure={error} again={() => void refetch()} />;
  if (!data) return <Skeleton rows={4} />;
  return <Editor key={data.version} company={company} version={data.version} saved={data.rules} maySet={may("rule.set")} />;
}

function Editor({ company, version, saved, maySet }: { company: string; version: number; saved: readonly Rule[]; maySet: boolean }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as Search;
  const [rules, setRules] = useState<readonly Rule[]>(saved);
  const [edited, setEdited] = useState<{ at: number; rule: Rule } | null>(null);
  const save = useMutation({
    mutationFn: () => answered(client.PUT("/api/companies/{company_id}/rules", { params: { path: { company_id: company } }, body: { rules: [...rules], based_on: version } })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["rules", company] }),
    onError: (failure) => {
      const place = refusedRule(failure, rules);
      const rule = place && rules[place.at];
      if (place && rule) setEdited({ at: place.at, rule });
    },
  });
  // A noisy check of the dashboard leads here; it is a draft once, not at each reload.
  const { check, asset } = search;
  useEffect(() => {
    if (!maySet || (check === undefined && asset === undefined)) return;
    setEdited({ at: -1, rule: draftOf(check, asset, saved.map((one) => one.id)) });
    void navigate({ to: ".", search: { ...search, check: undefined, asset: undefined } as never, replace: true });
  }, [maySet, check, asset, saved, navigate, search]);
  const changed = JSON.stringify(rules) !== JSON.stringify(saved);
  const change = (next: readonly Rule[]) => {
    save.reset();
    setRules(next);
  };
  const move = (at: number, by: number) => {
    const next = [...rules];
    const [one] = next.splice(at, 1);
    if (one) next.splice(at + by, 0, one);
    change(next);
  };
  const refused = refusedRule(save.error, rules);
  return (
    <>
      <Group mb="sm" gap="xs">
        {maySet ? <Button onClick={() => setEdited({ at: -1, rule: draftOf(undefined, undefined, rules.map((one) => one.id)) })}>Add a rule</Button> : null}
        {changed ? <><Button variant="filled" loading={save.isPending} onClick={() => save.mutate()}>Save {counted(rules.length, "rule")} as version {version + 1}</Button><Button onClick={() => change(saved)}>Discard the changes</Button></> : null}
        <RuleVersions company={company} version={version} maySet={maySet} onRestore={change} />
        <span className="dim">{changed ? "Not saved yet; nothing changes until you save." : version === 0 ? "No rule of its own yet." : `Version ${version}.`} Tried from the top; the first that fits decides.</span>
      </Group>
      {save.error && !refused ? <p role="alert" className={styles.bad}>{save.error.message}. {refusalAt(save.error, "based_on") ? "Somebody else saved in between; reload to see it." : ""}</p> : null}
      <table className={table.table}>
        <thead><tr><th>Rule, and what it does</th><th className={table.some}>Condition</th>{maySet ? <th className={table.right}>Order</th> : null}</tr></thead>
        <tbody>
          {rules.map((one, at) => (
            <tr key={one.id} data-bad={refused?.at === at || undefined}>
              <td className={styles.rule}>{maySet ? <button type="button" className={styles.link} onClick={() => setEdited({ at, rule: one })}>{one.name}</button> : <b>{one.name}</b>}<p>{ruleWords(one)}</p></td>
              <td className={table.some}><code className={styles.wrap}>{one.condition || "always"}</code></td>
              {maySet ? (
                <td className={`${table.right} ${styles.order}`}>
                  <button type="button" className={styles.icon} aria-label={`Try ${one.name} earlier`} disabled={at === 0} onClick={() => move(at, -1)}><Icon name="up" size={14} /></button>
                  <button type="button" className={styles.icon} aria-label={`Try ${one.name} later`} disabled={at === rules.length - 1} onClick={() => move(at, 1)}><Icon name="down" size={14} /></button>
                  <button type="button" className={styles.icon} aria-label={`Take ${one.name} away`} onClick={() => change(rules.filter((_, place) => place !== at))}><Icon name="close" size={14} /></button>
                </td>
              ) : null}
            </tr>
          ))}
          <tr><td className={styles.rule}><b>Same asset and signature</b><p>Whatever fits no other: one incident for each asset and check.</p></td><td className={table.some}><span className="dim">always last</span></td>{maySet ? <td /> : null}</tr>
        </tbody>
      </table>
      {edited ? (
        <RuleDialog
          rule={edited.rule} isNew={edited.at < 0} taken={rules.filter((_, at) => at !== edited.at).map((one) => one.id)}
          failure={refused?.at === edited.at ? save.error : null}
          onTake={(rule) => {
            change(edited.at < 0 ? [rule, ...rules] : rules.map((one, at) => (at === edited.at ? rule : one)));
            setEdited(null);
          }}
          onClose={() => setEdited(null)}
        />
      ) : null}
    </>
  );
}
