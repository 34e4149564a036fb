/** A person's name, as far as the e-mail says it: `dana.whitfield@…` is Dana Whitfield; anything else stays whole. */
export function personName(email: string): string {
  const [local = "", domain] = email.split("@");
  const words = local.split(/[._-]/);
  if (domain === undefined || words.length < 2 || !words.every((one) => /^\p{L}{2,}$/u.test(one))) return email;
  return words.map((one) => one.slice(0, 1).toUpperCase() + one.slice(1)).join(" ");
}

/** Two letters for a person, of their e-mail's name. */
export function initialsOf(email: string): string {
  const [first = "", second = ""] = (email.split("@")[0] ?? "").split(/[._-]/);
  return (first.slice(0, 1) + (second.slice(0, 1) || first.slice(1, 2))).toUpperCase();
}

/** Roles as people say them. */
export function roleName(role: string): string {
  return ROLES[role] ?? role.replaceAll("_", " ");
}

const ROLES: Record<string, string> = {
  msp_admin: "MSP admin", company_admin: "company admin", technician: "technician", senior_technician: "senior technician", reader: "reader",
};

/** One thing or several, with their number: `1 alert`, `2,310 alerts`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : several}`;
}
