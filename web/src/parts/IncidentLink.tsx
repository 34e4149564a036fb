import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answered, client } from "@/api/client";

/** An incident by its id, as it lately was. */
export function useIncidentOf(id: string | null) {
  return useQuery({
    queryKey: ["incident", "of", id],
    queryFn: () => answered(client.GET("/api/incidents/{incident_id}", { params: { path: { incident_id: id ?? "" } } })),
    enabled: id !== null,
    staleTime: 60_000,
  }).data;
}

/** An incident by its id, as people call it. */
export function IncidentLink({ id, title = false }: { id: string; title?: boolean }) {
  const data = useIncidentOf(id);
  if (!data) return <span className="dim">an incident</span>;
  return <Link to="/incidents/$number" params={{ number: String(data.number) }}>{data.number}{title ? ` ${data.title}` : ""}</Link>;
}
