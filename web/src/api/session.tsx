import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext } from "react";
import { answered, client, type Shapes, setCsrf } from "@/api/client";

export type Session = Shapes["SelfShown"];

/** Leaves the console for a page that the server makes; what waits for an answer waits until then. */
function leave(path: string): Promise<never> {
  window.location.assign(path);
  return new Promise(() => {});
}

const Here = createContext<Session | null>(null);

/** Asks who is here before anything is shown: every page hangs on it. */
export function SessionGate({ children, waiting, failed }: {
  children: ReactNode;
  waiting: ReactNode;
  failed: (failure: Error, again: () => void) => ReactNode;
}) {
  const { data, error, refetch } = useQuery({
    queryKey: ["session"],
    queryFn: async () => {
      const session = await answered(client.GET("/api/session"));
      setCsrf(session.csrf_token);
      // A first password or a second factor must be set before anything else is answered; that page needs no script.
      if (session.owes) return leave("/account");
      return session;
    },
    staleTime: 60_000,
  });
  if (data === undefined) return error ? failed(error, () => void refetch()) : waiting;
  return <Here.Provider value={data}>{children}</Here.Provider>;
}

/** Who is here, and what they may do. */
export function useSession(): Session {
  const session = useContext(Here);
  if (session === null) throw new Error("useSession outside of SessionGate");
  return session;
}

/** Whether the person's role may do this; the server decides anyway. */
export function useMay(): (action: string) => boolean {
  const { actions } = useSession();
  return (action) => actions.includes(action);
}

/** A company's name by its id, of those that the person serves. */
export function useCompanyName(): (id: string) => string {
  const { companies } = useSession();
  return (id) => companies.find((one) => one.id === id)?.name ?? "";
}
