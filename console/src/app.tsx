import { useApolloClient, useReactiveVar } from "@apollo/client/react";
import { Component, Suspense, lazy, useEffect, useState, type ComponentType, type ReactNode } from "react";
import { accessVar, probeAccess, type Scope } from "./access";
import { KeyDialog } from "./components/key-dialog";
import {
  AutoIcon,
  CatalogueIcon,
  CodeIcon,
  KeyIcon,
  MoonIcon,
  SearchIcon,
  SearchesIcon,
  ServerIcon,
  SourcesIcon,
  SunIcon,
} from "./components/icons";
import { onDenial, onRecovery, onlineVar, slowVar } from "./connection";
import { href, useLocation } from "./router";
import SearchPage from "./search/page";
import { keyVar, setTheme, themeVar, type Theme } from "./settings";
import { t } from "./strings";

interface Page {
  name: string;
  label: string;
  icon: ComponentType;
  content: ComponentType;
  /** Any of these scopes shows the page. */
  scopes: readonly Scope[];
}

const PAGES: readonly Page[] = [
  { name: "search", label: t.nav.search, icon: SearchIcon, content: SearchPage, scopes: ["SEARCH"] },
  {
    name: "searches",
    label: t.nav.searches,
    icon: SearchesIcon,
    content: lazy(() => import("./searches/page")),
    scopes: ["REPORTS"],
  },
  {
    name: "catalogue",
    label: t.nav.catalogue,
    icon: CatalogueIcon,
    content: lazy(() => import("./catalogue/page")),
    scopes: ["REPORTS"],
  },
  {
    name: "sources",
    label: t.nav.sources,
    icon: SourcesIcon,
    content: lazy(() => import("./sources/page")),
    scopes: ["SEARCH", "ADMIN"],
  },
  {
    name: "server",
    label: t.nav.server,
    icon: ServerIcon,
    content: lazy(() => import("./server/page")),
    scopes: ["SEARCH", "REPORTS", "ADMIN"],
  },
];

export function App() {
  const client = useApolloClient();
  const access = useReactiveVar(accessVar);
  const key = useReactiveVar(keyVar);
  const { page: name } = useLocation();
  const [isKeyShown, setIsKeyShown] = useState(false);

  useEffect(() => {
    const probe = () => void probeAccess(client);
    probe();
    const stops = [
      onRecovery(probe),
      onDenial(() => {
        if (!accessVar()?.needsKey) probe();
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [client]);

  const permitted = PAGES.filter(({ scopes }) => !access || scopes.some((scope) => access.scopes.has(scope)));
  const page = permitted.find((page) => page.name === name) ?? permitted[0];
  const needsKey = access?.needsKey === true;
  useEffect(() => {
    document.title = page ? `${page.label} · ${t.product}` : t.product;
  }, [page]);

  return (
    <div className="shell">
      <a className="skip" href="#content" onClick={focusContent}>
        {t.skip}
      </a>
      <header className="sidebar">
        <a className="brand" href={href("search")}>
          <Logo />
          {t.product}
        </a>
        <nav aria-label={t.nav.label}>
          {permitted.map(({ name, label, icon: Icon }) => (
            <a key={name} href={href(name)} aria-current={page?.name === name ? "page" : undefined}>
              <Icon />
              <span>{label}</span>
            </a>
          ))}
        </nav>
        <div className="tools">
          <a className="tool" href="graphiql" title={t.nav.docs}>
            <CodeIcon />
            <span>{t.nav.graphiql}</span>
          </a>
          <button type="button" className="tool" onClick={() => setIsKeyShown(true)}>
            <KeyIcon />
            <span>{t.nav.key}</span>
          </button>
          <ThemeButton />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <ConnectionBanner />
        <Boundary key={page?.name ?? ""}>
          <Suspense fallback={<p className="muted loading">{t.common.loading}</p>}>{page && <page.content />}</Suspense>
        </Boundary>
      </main>
      {(isKeyShown || needsKey) && (
        <KeyDialog isRequired={needsKey} isInvalid={needsKey && key !== null} onClose={() => setIsKeyShown(false)} />
      )}
    </div>
  );
}

function focusContent(event: { preventDefault: () => void }): void {
  // The fragment of the address names the page.
  event.preventDefault();
  document.getElementById("content")?.focus();
}

export function Logo() {
  return (
    <svg viewBox="0 0 32 32" className="logo" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M9 11.5 16 7.600l7 3.900v8l-7 3.900-7-3.900zm0 0 7 4 7-4m-7 4v7.900" />
    </svg>
  );
}

const NEXT_THEME: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const THEME_ICONS: Record<Theme, ComponentType> = { auto: AutoIcon, light: SunIcon, dark: MoonIcon };

function ThemeButton() {
  const theme = useReactiveVar(themeVar);
  const Icon = THEME_ICONS[theme];
  return (
    <button type="button" className="tool" onClick={() => setTheme(NEXT_THEME[theme])}>
      <Icon />
      <span>{t.nav.theme[theme]}</span>
    </button>
  );
}

const BACK_SHOWN_MS = 3_000;

function ConnectionBanner() {
  const isOnline = useReactiveVar(onlineVar);
  const isSlow = useReactiveVar(slowVar);
  const [isBack, setIsBack] = useState(false);
  useEffect(() => onRecovery(() => setIsBack(true)), []);
  useEffect(() => {
    if (!isBack) return undefined;
    const timer = setTimeout(() => setIsBack(false), BACK_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isBack]);
  return (
    <div role="status" className="banner-region">
      {!isOnline && <p className="banner offline">{t.errors.offline}</p>}
      {isOnline && isSlow && <p className="banner slow">{t.errors.slow}</p>}
      {isOnline && !isSlow && isBack && <p className="banner online">{t.errors.back}</p>}
    </div>
  );
}

/** Keeps a defect of one page from taking the others with it. */
class Boundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <div className="notice failed" role="alert">
        <p>{t.errors.crash}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          {t.errors.reload}
        </button>
      </div>
    );
  }
}
