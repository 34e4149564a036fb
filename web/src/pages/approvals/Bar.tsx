import { Button, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { ApprovalWhole } from "@/api/approvals";
import { answered, client } from "@/api/client";
import { useMay } from "@/api/session";
import { rulingOf } from "@/pages/approvals/words";
import { counted } from "@/parts/names";
import styles from "./Approvals.module.css";

const DEAD_MS = 1_000;
const LONGEST_REASON = 1_000;
const NOWHERE = "this installation";

/** The bar at the foot: a reason, the company by hand where the risk is high, and the two answers. No key presses them. */
export function Bar({ one, company, changedAt }: { one: ApprovalWhole; company: string; changedAt: string | null }) {
  const may = useMay();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [alive, setAlive] = useState(false);
  const question = `${one.hash} ${changedAt ?? ""}`;
  useEffect(() => {
    // Nobody has read what appeared a moment ago; and what changed must be read again, and typed again.
    setReason("");
    setTyped("");
    setAlive(false);
    const timer = window.setTimeout(() => setAlive(true), DEAD_MS);
    return () => window.clearTimeout(timer);
  }, [question]);
  const params = { params: { path: { approval_id: one.id } } };
  const decide = useMutation({
    mutationFn: (answer: "approve" | "refuse" | "withdraw") => {
      if (answer === "approve") return answered(client.POST("/api/approvals/{approval_id}/approve", { ...params, body: { hash: one.hash, reason: reason.trim() } }));
      if (answer === "refuse") return answered(client.POST("/api/approvals/{approval_id}/refuse", { ...params, body: { reason: reason.trim() } }));
      return answered(client.POST("/api/approvals/{approval_id}/withdraw", params));
    },
    onSuccess: (whole) => {
      queries.setQueryData(["approvals", one.id], whole);
      for (const key of ["approvals", "counts"]) void queries.invalidateQueries({ queryKey: [key] });
    },
    onError: (failure) => {
      notifications.show({ title: "Not decided", message: failure.message });
      void queries.invalidateQueries({ queryKey: ["approvals"] });
    },
  });
  if (one.state !== "asked") return null;
  if (one.you !== "may") {
    return (
      <footer className={styles.bar}>
        <p className={styles.ruling}>{rulingOf(one.you)}</p>
        {one.you === "own_request" && may("approval.ask") ? <Button h={32} disabled={!alive || decide.isPending} onClick={() => decide.mutate("withdraw")}>Take the question back</Button> : null}
      </footer>
    );
  }
  const name = company || NOWHERE;
  const high = one.risk === "high";
  const count = one.plan.targets.length;
  const free = alive && !decide.isPending;
  return (
    <footer className={styles.bar} aria-label="Decide">
      <Textarea
        label="Reason, kept in the audit log (needed to refuse)" autosize minRows={1} maxRows={4} maxLength={LONGEST_REASON} className={styles.reason}
        value={reason} onChange={(event) => setReason(event.currentTarget.value)}
      />
      {high ? <TextInput label={`Type “${name}” to approve`} className={styles.typed} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" spellCheck={false} /> : null}
      <Button h={32} disabled={!free || !reason.trim()} onClick={() => decide.mutate("refuse")}>Refuse</Button>
      <Button h={32} variant="filled" disabled={!free || (high && typed.trim() !== name)} onClick={() => decide.mutate("approve")}>{count ? `Approve for ${counted(count, "target")}` : "Approve"}</Button>
    </footer>
  );
}
