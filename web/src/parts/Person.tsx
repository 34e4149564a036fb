import { personName } from "@/parts/names";

/** Somebody by name, with the e-mail at hand. */
export function Person({ email }: { email: string }) {
  const name = personName(email);
  return <span title={name === email ? undefined : email}>{name}</span>;
}
