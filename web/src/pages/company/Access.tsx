import { useMay } from "@/api/session";
import { AwsLink } from "@/pages/company/AwsLink";
import { Bindings } from "@/pages/company/Bindings";
import { Credentials } from "@/pages/company/Credentials";
import styles from "./Company.module.css";

/** How a company's machines are reached: which assets scripts may run on, with which secrets, and its account at AWS. */
export function Access({ company }: { company: string }) {
  const may = useMay();
  return (
    <div className={styles.people}>
      <Bindings company={company} />
      {may("credential.read") ? <Credentials company={company} /> : null}
      {may("aws.read") ? <AwsLink company={company} /> : null}
    </div>
  );
}
