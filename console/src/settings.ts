// What the browser keeps: the key for this tab, the theme and the consent for this origin.
import { makeVar } from "@apollo/client";

const KEY = "quarry.console.key";
const THEME = "quarry.console.theme";
const CONSENT = "quarry.console.consent";

/** Storage throws where the browser or a policy disables it; the console then forgets at a reload. */
function read(storage: () => Storage, name: string): string | null {
  try {
    return storage().getItem(name);
  } catch {
    return null;
  }
}

function write(storage: () => Storage, name: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // See above.
  }
}

const tab = () => sessionStorage;
const origin = () => localStorage;

export const keyVar = makeVar<string | null>(read(tab, KEY));

export function setKey(key: string | null): void {
  write(tab, KEY, key);
  keyVar(key);
}

export type Theme = "auto" | "light" | "dark";
const isTheme = (value: string | null): value is Theme => value === "light" || value === "dark";
const storedTheme = read(origin, THEME);
export const themeVar = makeVar<Theme>(isTheme(storedTheme) ? storedTheme : "auto");

export function setTheme(theme: Theme): void {
  write(origin, THEME, theme === "auto" ? null : theme);
  themeVar(theme);
  applyTheme();
}

export function applyTheme(): void {
  const theme = themeVar();
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** The decision on logging one's own searches; null until it is made. */
const storedConsent = read(origin, CONSENT);
export const consentVar = makeVar<boolean | null>(storedConsent === null ? null : storedConsent === "yes");

export function setConsent(consent: boolean): void {
  write(origin, CONSENT, consent ? "yes" : "no");
  consentVar(consent);
}
