import { useId, useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { t } from "../strings";
import { CloseIcon } from "./icons";

interface PanelProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** A small dialog in the centre, in place of a panel at the side. */
  isCentred?: boolean;
}

/** A modal dialog: the browser keeps the focus within it, and returns it. */
export function Panel({ title, onClose, children, isCentred = false }: PanelProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [closures, setClosures] = useState(0);
  useLayoutEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, [closures]);
  // Before the element is removed, so that closing it returns the focus.
  useLayoutEffect(() => {
    const element = dialog.current;
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={isCentred ? "panel centred" : "panel"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={() => {
        // Browsers close a dialog in spite of the above where no one interacted with the page. One that stays opens again.
        if (dialog.current?.open) return;
        onClose();
        setClosures(closures + 1);
      }}
      onClick={(event) => {
        // A click beside the content is one on the dialog itself.
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className="panel-content">
        <header>
          <h2 id={id} dir="auto">{title}</h2>
          <button type="button" className="icon-button" aria-label={t.common.close} onClick={onClose}>
            <CloseIcon />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
