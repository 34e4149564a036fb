import { useEffect, useState } from "react";
import { breakpoints } from "@/tokens";

/** Whether there is too little room for columns, so that rows are cards. */
export function useNarrow(): boolean {
  const words = `(max-width: ${breakpoints.cards - 1}px)`;
  const [narrow, setNarrow] = useState(() => window.matchMedia(words).matches);
  useEffect(() => {
    const query = window.matchMedia(words);
    const look = () => setNarrow(query.matches);
    query.addEventListener("change", look);
    return () => query.removeEventListener("change", look);
  }, [words]);
  return narrow;
}
