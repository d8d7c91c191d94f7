import { ChevronIcon } from "../components/icons";
import { t } from "../strings";
import { MAX_DOCUMENTS, PAGE_SIZE } from "./state";

/** The number of the last page. */
export const lastPage = (total: number) => Math.ceil(Math.min(total, MAX_DOCUMENTS) / PAGE_SIZE);

/** Links to pages of results: the first, the last, and those around the present one. */
export function Pages({ page, total, onPage }: { page: number; total: number; onPage: (page: number) => void }) {
  const last = lastPage(total);
  if (last <= 1) return null;
  const shown = [...new Set([1, page - 1, page, page + 1, last])].filter((number) => number >= 1 && number <= last);
  const go = (target: number) => {
    onPage(target);
    scrollTo({ top: 0 });
  };
  return (
    <nav className="pages" aria-label={t.search.pages}>
      <button type="button" className="button square back" disabled={page <= 1} aria-label={t.search.previous} onClick={() => go(page - 1)}>
        <ChevronIcon />
      </button>
      {shown.map((number, at) => (
        <span key={number} className="row">
          {number - (shown[at - 1] ?? number - 1) > 1 && <span className="muted gap">…</span>}
          <button
            type="button"
            className="button square"
            aria-label={t.search.page(number)}
            aria-current={number === page ? "page" : undefined}
            onClick={() => go(number)}
          >
            {number}
          </button>
        </span>
      ))}
      <button type="button" className="button square" disabled={page >= last} aria-label={t.search.next} onClick={() => go(page + 1)}>
        <ChevronIcon />
      </button>
    </nav>
  );
}
