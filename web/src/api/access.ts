import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, client, type Shapes } from "@/api/client";

export type Way = Shapes["ExecutorShown"];
export type WayValue = Shapes["WayValueShown"];
export type Credential = Shapes["CredentialShown"];
export type Binding = Shapes["BindingShown"];
export type Role = Shapes["RoleShown"];
export type RoleCheck = Shapes["CheckShown"];

const PAGE = 100;
const of = (company: string) => ({ path: { company_id: company } });

/** The ways to targets, with what each needs; they do not change while a server runs. */
export function useWays() {
  return useQuery({ queryKey: ["executors"], queryFn: () => answered(client.GET("/api/executors")), staleTime: Number.POSITIVE_INFINITY });
}

/** A company's credentials, newest first; never their values. */
export function useCredentials(company: string, may: boolean) {
  return useInfiniteQuery({
    queryKey: ["access", company, "credentials"],
    queryFn: ({ pageParam }) => answered(client.GET("/api/companies/{company_id}/credentials", { params: { ...of(company), query: { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    enabled: may,
  });
}

/** Which of a company's assets are reached, and how, newest assets first. */
export function useBindings(company: string) {
  return useInfiniteQuery({
    queryKey: ["access", company, "bindings"],
    queryFn: ({ pageParam }) => answered(client.GET("/api/companies/{company_id}/bindings", { params: { ...of(company), query: { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

/** Confirmed assets whose names have these words in them, for whoever chooses one. */
export function useConfirmedAssets(company: string, q: string) {
  return useQuery({
    queryKey: ["assets", company, "confirmed", q],
    queryFn: () => answered(client.GET("/api/companies/{company_id}/assets", { params: { ...of(company), query: { limit: 50, confirmed: true, ...(q ? { q } : {}) } } })),
    placeholderData: (was) => was,
  });
}

/** The company's external ID at AWS and the roles that its credentials name. */
export function useAwsLink(company: string) {
  return useQuery({ queryKey: ["access", company, "aws"], queryFn: () => answered(client.GET("/api/companies/{company_id}/aws", { params: of(company) })) });
}

/** An act on how a company's machines are reached; whatever shows that is read anew, also where it was refused. */
export function useAccessAct<Given, Made>(company: string, act: (given: Given) => Promise<Made>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: act, onSettled: () => void queries.invalidateQueries({ queryKey: ["access", company] }) });
}

export interface Kept { name: string; executor: string; values: Record<string, string> }
export interface Bound { assetId: string; executor: string; credential: string; settings: Record<string, string> }

export const keep = (company: string) => (body: Kept) => answered(client.POST("/api/companies/{company_id}/credentials", { params: of(company), body }));

export const replace = (company: string, id: string) => (values: Record<string, string>) =>
  answered(client.POST("/api/companies/{company_id}/credentials/{credential_id}/rotate", { params: { path: { company_id: company, credential_id: id } }, body: { values } }));

export const remove = (company: string, id: string) => () =>
  answered(client.DELETE("/api/companies/{company_id}/credentials/{credential_id}", { params: { path: { company_id: company, credential_id: id } } }));

export const bind = (company: string) => ({ assetId, ...body }: Bound) =>
  answered(client.PUT("/api/companies/{company_id}/assets/{asset_id}/binding", { params: { path: { company_id: company, asset_id: assetId } }, body }));

export const unbind = (company: string, assetId: string) => () =>
  answered(client.DELETE("/api/companies/{company_id}/assets/{asset_id}/binding", { params: { path: { company_id: company, asset_id: assetId } } }));

export const checkBinding = (company: string, assetId: string) => () =>
  answered(client.POST("/api/companies/{company_id}/assets/{asset_id}/binding/check", { params: { path: { company_id: company, asset_id: assetId } } }));

export const checkRole = (company: string) => (body: Shapes["CheckAsked"]) => answered(client.POST("/api/companies/{company_id}/aws/check", { params: of(company), body }));

export const template = (company: string) => (body: Shapes["TemplateAsked"]) => answered(client.POST("/api/companies/{company_id}/aws/template", { params: of(company), body }));
