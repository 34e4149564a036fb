import { useMay } from "@/api/session";
import { Contacts } from "@/pages/company/Contacts";
import { SignIns } from "@/pages/company/SignIns";
import styles from "./Company.module.css";

/** Whom to call at the client, and (for the MSP's admins) who may sign in for it. */
export function People({ company }: { company: string }) {
  const may = useMay();
  return (
    <div className={styles.people}>
      {may("contact.read") ? <section aria-label="Whom to call"><h2>Whom to call</h2><Contacts company={company} /></section> : null}
      {may("user.read") ? <section aria-label="Who may sign in"><h2>Who may sign in</h2><SignIns company={company} /></section> : null}
    </div>
  );
}
