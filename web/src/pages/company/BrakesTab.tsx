import { useCompanyName } from "@/api/session";
import { Brakes } from "@/pages/brakes/Brakes";

/** What keeps acts of one company from starting. */
export function BrakesTab({ company }: { company: string }) {
  const name = useCompanyName()(company);
  return <Brakes company={company} name={name} />;
}
