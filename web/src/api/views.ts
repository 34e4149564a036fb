import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createElement } from "react";
import { answered, client, type Shapes } from "@/api/client";
import { useMay, useSession } from "@/api/session";
import { offer } from "@/api/undo";
import { Undo } from "@/parts/Undo";

export type View = Shapes["ViewShown"];
export type NewView = Pick<View, "name" | "address" | "shared" | "company_id" | "position">;

const UNDO_MS = 10_000;
const KEY = ["views"];

/** Lists as one likes to look at them: one's own, and those shared with one. */
export function useViews(): readonly View[] {
  const may = useMay();
  const { data } = useQuery({ queryKey: KEY, queryFn: async () => (await answered(client.GET("/api/views"))).items, enabled: may("view.read"), staleTime: 60_000 });
  return data ?? [];
}

/** Whether the person may change a view: one's own, or one shared with those with whom one may share. */
export function useMayChange(): (view: View) => boolean {
  const may = useMay();
  const { email } = useSession();
  return (view) => (view.shared ? may(view.company_id === null ? "view.share_all" : "view.share") : view.owner === email);
}

const add = (body: NewView) => answered(client.POST("/api/views", { body }));

/** What is done to views; each says so, and a removal can be taken back. */
export function useViewActs() {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: KEY });
  const onError = (failure: Error) => void notifications.show({ title: "Not done", message: failure.message });
  const saved = useMutation({ mutationFn: add, onSuccess, onError });
  const changed = useMutation({
    mutationFn: (changes: readonly { id: string; change: Partial<NewView> }[]) => Promise.all(changes.map(({ id, change }) => answered(client.PATCH("/api/views/{view_id}", { params: { path: { view_id: id } }, body: change })))),
    onSettled: onSuccess, onError,
  });
  const removed = useMutation({
    mutationFn: async (view: View) => {
      await answered(client.DELETE("/api/views/{view_id}", { params: { path: { view_id: view.id } } }));
      return view;
    },
    onSuccess: (view) => {
      const { name, address, shared, company_id, position } = view;
      const back = offer(async () => { await add({ name, address, shared, company_id, position }); await onSuccess(); }, UNDO_MS, onError);
      notifications.show({ title: "View removed", message: createElement(Undo, { what: name, back }), autoClose: UNDO_MS });
      return onSuccess();
    },
    onError,
  });
  return { save: saved.mutateAsync, change: changed.mutate, remove: removed.mutate };
}
