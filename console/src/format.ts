// Times in the viewer's zone and language, and numbers.
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export const formatDateTime = (value: string) => dateTime.format(new Date(value));
export const formatDate = (value: string | Date) => date.format(new Date(value));
export const formatTime = (value: string) => time.format(new Date(value));
export const formatPercent = (value: number) => percent.format(value);
export const formatDecimal = (value: number) => decimal.format(value);
export const formatMs = (value: number) => (value < 10 ? value.toFixed(1) : Math.round(value).toString());

export const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export function formatAgo(value: string, now: number): string {
  const seconds = Math.min(0, (new Date(value).getTime() - now) / 1_000);
  if (seconds > -60) return relative.format(Math.round(seconds), "second");
  if (seconds > -3_600) return relative.format(Math.round(seconds / 60), "minute");
  if (seconds > -86_400) return relative.format(Math.round(seconds / 3_600), "hour");
  return formatDateTime(value);
}

export const formatDuration = (from: string, to: string) =>
  formatSeconds((new Date(to).getTime() - new Date(from).getTime()) / 1_000);

export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${decimal.format(bytes / 1_000 ** power)} ${units[power]}`;
}

export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${decimal.format(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
