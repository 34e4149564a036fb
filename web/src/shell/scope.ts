import { useNavigate, useSearch } from "@tanstack/react-router";

/** Which company the page is about: `?company=` of the address, never memory only; null: all that the person serves. */
export function useScope(): { companyId: string | null; choose: (id: string | null) => void } {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const companyId = search.company && !search.company.includes(",") ? search.company : null;
  return {
    companyId,
    choose: (id) => void navigate({ to: ".", search: (was: Record<string, string | undefined>) => ({ ...was, company: id ?? undefined }) as never }),
  };
}
