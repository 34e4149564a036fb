import type { ReactNode } from "react";
import { useMay, useSession } from "@/api/session";
import { useWalk } from "@/parts/walk";
import { Walk } from "@/parts/Walk";

/** Until there is a first incident, the way to it, for whoever may go it; afterwards `otherwise`. */
export function FirstRun({ otherwise }: { otherwise: ReactNode }) {
  const may = useMay();
  const { companies } = useSession();
  const goes = may("integration.add") && companies.length < 2;
  const steps = useWalk(goes ? (companies[0]?.id ?? null) : null);
  if (!goes) return otherwise;
  if (steps === null) return null;
  return steps.every((one) => one.done) ? otherwise : <Walk steps={steps} />;
}
