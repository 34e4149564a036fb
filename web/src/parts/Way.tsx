import { useQuery } from "@tanstack/react-query";
import { answered, client } from "@/api/client";
import { useMay } from "@/api/session";
import { Inert } from "@/parts/Inert";

const MOST = 200;

/** With which credential a target is reached: by its name for whoever may know the names, by its id for the rest. */
export function Way({ company, credential }: { company: string; credential: string | null }) {
  const may = useMay();
  const { data } = useQuery({
    queryKey: ["credential-names", company],
    queryFn: () => answered(client.GET("/api/companies/{company_id}/credentials", { params: { path: { company_id: company }, query: { limit: MOST } } })),
    enabled: credential !== null && may("credential.read"),
    staleTime: 60_000,
    retry: false,
  });
  if (credential === null) return <span className="dim">no credential</span>;
  const name = data?.items.find((one) => one.id === credential)?.name;
  return name ? <span title={credential}><Inert text={name} /></span> : <code title={credential}>{credential.slice(-12)}</code>;
}
