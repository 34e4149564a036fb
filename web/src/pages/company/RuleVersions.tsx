import { Button, Modal } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, client } from "@/api/client";
import type { Rule } from "@/pages/company/ruleWords";
import { Failure, Skeleton } from "@/parts/States";
import table from "@/parts/Table.module.css";
import { Age } from "@/parts/Time";

/** Who changed the rules when, and the way back to how they were. */
export function RuleVersions({ company, version, maySet, onRestore }: { company: string; version: number; maySet: boolean; onRestore: (rules: readonly Rule[]) => void }) {
  const [open, setOpen] = useState(false);
  if (version === 0) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>Earlier versions</Button>
      {open ? <Versions company={company} version={version} maySet={maySet} onClose={() => setOpen(false)} onRestore={(rules) => { onRestore(rules); setOpen(false); }} /> : null}
    </>
  );
}

function Versions({ company, version, maySet, onClose, onRestore }: { company: string; version: number; maySet: boolean; onClose: () => void; onRestore: (rules: readonly Rule[]) => void }) {
  const path = { company_id: company };
  const { data, error, refetch } = useQuery({ queryKey: ["rules", company, "versions", version], queryFn: () => answered(client.GET("/api/companies/{company_id}/rules/versions", { params: { path } })) });
  const take = useMutation({
    mutationFn: (wanted: number) => answered(client.GET("/api/companies/{company_id}/rules", { params: { path, query: { version: wanted } } })),
    onSuccess: (found) => onRestore(found.rules),
  });
  return (
    <Modal opened onClose={onClose} title="Earlier versions">
      {error && !data ? <Failure what="Versions" failure={error} again={() => void refetch()} /> : !data ? <Skeleton rows={4} /> : (
        <table className={table.table}>
          <thead><tr><th>Version</th><th>By</th><th className={table.right}>When</th><th /></tr></thead>
          <tbody>{data.items.map((one) => <tr key={one.version}><td>{one.version}{one.version === version ? " (holds)" : ""}</td><td>{one.created_by}</td><td className={table.right}><Age at={one.created_at} suffix=" ago" /></td><td className={table.right}>{maySet && one.version !== version ? <Button size="compact-xs" aria-label={`Take version ${one.version} up`} loading={take.isPending && take.variables === one.version} onClick={() => take.mutate(one.version)}>Take it up</Button> : null}</td></tr>)}</tbody>
        </table>
      )}
      {take.error ? <p role="alert">{take.error.message}</p> : null}
      <p className="dim small" style={{ marginTop: 8 }}>What you take up is a draft: it holds once you save it, as a version of its own.</p>
    </Modal>
  );
}
