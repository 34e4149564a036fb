import { Link } from "@tanstack/react-router";
import type { ComponentProps, ReactNode } from "react";

type Rest = Omit<ComponentProps<"a">, "href" | "children">;

/** A link to an address of the console that is written as one line, with its query. */
export function Goto({ to, children, ...rest }: { to: string; children: ReactNode } & Rest) {
  const [path = "", query = ""] = to.split("?");
  return <Link to={path} search={Object.fromEntries(new URLSearchParams(query)) as never} {...(rest as object)}>{children}</Link>;
}
