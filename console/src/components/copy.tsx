import { useEffect, useState } from "react";
import { t } from "../strings";

const SHOWN_MS = 1_500;

export function CopyButton({ text, label, isPrimary = false }: { text: string; label: string; isPrimary?: boolean }) {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setIsCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // The clipboard's interface is missing where the page is not secure.
      const area = document.createElement("textarea");
      area.value = text;
      (document.querySelector("dialog[open]") ?? document.body).append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    setIsCopied(true);
  };
  return (
    <>
      <button type="button" className={isPrimary ? "button primary" : "button"} onClick={() => void copy()}>
        {isCopied ? t.common.copied : label}
      </button>
      {/* A status within the button would take its name. */}
      <span role="status" className="visually-hidden">
        {isCopied && t.common.copied}
      </span>
    </>
  );
}
