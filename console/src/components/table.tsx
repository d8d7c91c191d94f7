import type { ReactNode } from "react";
import { csvOf, download } from "../csv";
import { t } from "../strings";
import { DownloadIcon } from "./icons";

export interface Column<Row> {
  name: string;
  label: string;
  cell: (row: Row) => ReactNode;
  /** The value in CSV; without it, the column is left out. */
  value?: (row: Row) => string | number | null | undefined;
  isNumber?: boolean;
}

interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  id: (row: Row) => string;
  /** The class of a row. */
  rowClass?: (row: Row) => string | undefined;
}

/** A table that scrolls sideways in itself where it does not fit. */
export function Table<Row>({ label, columns, rows, id, rowClass }: TableProps<Row>) {
  return (
    <div className="table" tabIndex={0} role="region" aria-label={t.common.tableOf(label)}>
      <table>
        <thead>
          <tr>
            {columns.map(({ name, label, isNumber }) => (
              <th key={name} scope="col" className={isNumber ? "number" : undefined}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)} className={rowClass?.(row)}>
              {columns.map(({ name, cell, isNumber }) => (
                <td key={name} className={isNumber ? "number" : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function CsvButton<Row>({ columns, rows, file }: { columns: readonly Column<Row>[]; rows: readonly Row[]; file: string }) {
  const save = () => {
    const exported = columns.flatMap(({ label, value }) => (value ? [{ label, value }] : []));
    download(`${file}.csv`, csvOf([exported.map(({ label }) => label), ...rows.map((row) => exported.map(({ value }) => value(row)))]));
  };
  return (
    <button type="button" className="button" disabled={rows.length === 0} onClick={save}>
      <DownloadIcon />
      {t.common.csv}
    </button>
  );
}

/** Fetches the next rows, below a table. */
export function More({ onMore }: { onMore: () => void }) {
  return (
    <div className="card-foot">
      <button type="button" className="button" onClick={onMore}>
        {t.common.more}
      </button>
    </div>
  );
}
