import { useQuery } from "@tanstack/react-query";
import { answered, client, type Shapes } from "@/api/client";

export type Brief = Shapes["RunbookBrief"];
export type Runbook = Shapes["RunbookShown"];
export type Parameter = Shapes["RunbookParameter"];
export type Drill = Shapes["DrillShown"];

/** The prebuilt runbooks (null), or all that a company has, with what it wants otherwise. */
export function useRunbooks(company: string | null) {
  return useQuery({
    queryKey: ["runbooks", company],
    queryFn: () => company
      ? answered(client.GET("/api/companies/{company_id}/runbooks", { params: { path: { company_id: company } } }))
      : answered(client.GET("/api/runbooks")),
  });
}

/** One of them whole. */
export function useRunbook(company: string | null, slug: string) {
  return useQuery({
    queryKey: ["runbooks", company, slug],
    queryFn: () => company
      ? answered(client.GET("/api/companies/{company_id}/runbooks/{slug}", { params: { path: { company_id: company, slug } } }))
      : answered(client.GET("/api/runbooks/{slug}", { params: { path: { slug } } })),
    enabled: slug !== "",
  });
}
