/** Links that came with an alert: only web addresses lead anywhere; all else is shown as what it is. */

const MOST_SHOWN = 300;

export interface OutsideLink { name: string; href: string; host: string }
export interface RefusedLink { name: string; text: string }

export function outsideLinks(links: Readonly<Record<string, string>>): { shown: OutsideLink[]; refused: RefusedLink[] } {
  const shown: OutsideLink[] = [];
  const refused: RefusedLink[] = [];
  for (const [name, text] of Object.entries(links)) {
    const url = URL.canParse(text) ? new URL(text) : null;
    // A name and password before the host are how an address pretends to be another.
    if (url && (url.protocol === "https:" || url.protocol === "http:") && !url.username && !url.password) shown.push({ name, href: url.href, host: url.host });
    else refused.push({ name, text: text.slice(0, MOST_SHOWN) });
  }
  return { shown, refused };
}
