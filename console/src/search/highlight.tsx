import { Fragment } from "react";

const ENTITIES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x27;": "'" };
const unescape = (html: string) => html.replace(/&(?:amp|lt|gt|quot|#39|#x27);/g, (entity) => ENTITIES[entity] ?? entity);

/** A highlight. Its HTML is escaped text with `<mark>` only, so that no HTML is inserted into the page. */
export function Highlighted({ html }: { html: string }) {
  return html.split(/(<mark>.*?<\/mark>)/s).map((part, at) => {
    const marked = /^<mark>(.*)<\/mark>$/s.exec(part)?.[1];
    return marked === undefined ? (
      <Fragment key={at}>{unescape(part)}</Fragment>
    ) : (
      <mark key={at}>{unescape(marked)}</mark>
    );
  });
}
