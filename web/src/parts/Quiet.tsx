import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answered, client } from "@/api/client";
import { useMay } from "@/api/session";
import { Icon } from "@/parts/Icon";
import { exact, shortTime } from "@/parts/Time";
import { quietBy, type Running } from "@/parts/windows";
import styles from "./Quiet.module.css";

const ASK_AGAIN_MS = 30_000;
const NONE: readonly Running[] = [];

/** Windows that hold now, of all companies that one serves. */
export function useRunningWindows(): readonly Running[] {
  const may = useMay();
  const { data } = useQuery({ queryKey: ["windows", "running"], queryFn: () => answered(client.GET("/api/windows/running")), refetchInterval: ASK_AGAIN_MS, enabled: may("window.cross") });
  return data?.items ?? NONE;
}

/** A quiet mark: a maintenance window keeps this company, or one of these assets, from opening incidents now. */
export function Quiet({ company, assets, words = false }: { company: string; assets?: readonly string[]; words?: boolean }) {
  const held = quietBy(useRunningWindows(), company, assets);
  if (!held) return null;
  const said = `In maintenance until ${shortTime(held.ends_at)}: ${held.name}`;
  return (
    <Tooltip label={`${said} (${exact(held.ends_at)})`}>
      <span className={styles.quiet} role="img" aria-label={said}><Icon name="moon" size={13} />{words ? <span aria-hidden> in maintenance to {shortTime(held.ends_at)}</span> : null}</span>
    </Tooltip>
  );
}
