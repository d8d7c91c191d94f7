// A page with the example's hook, mounted twice as in React's strict mode.
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useSearchTracking, type SearchTracking } from "../../examples/react.js";

declare const options: Pick<SearchTracking, "url" | "key" | "clock">;

function SearchBox() {
  const [consent, setConsent] = useState<boolean>();
  const [isShown, setIsShown] = useState(true);
  const { ref, tracker } = useSearchTracking({ ...options, consent, userId: "ann" });
  Object.assign(window, { tracker });
  return (
    <>
      <button onClick={() => setConsent(true)}>Accept</button>
      <button onClick={() => setIsShown(false)}>Close</button>
      {isShown && <input id="q" ref={ref} type="search" />}
    </>
  );
}

createRoot(document.querySelector("main")!).render(
  <StrictMode>
    <SearchBox />
  </StrictMode>,
);
