import type { ReactNode } from "react";

const icon = (content: ReactNode) => () => (
  <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    {content}
  </svg>
);

export const SearchIcon = icon(<path d="M9 15a6 6 0 1 0 0-12 6 6 0 0 0 0 12Zm4.300-1.700L17 17" />);
export const SearchesIcon = icon(<path d="M4 16V9m4 7V4m4 12v-5m4 5V7" />);
export const CatalogueIcon = icon(<path d="M3.500 3.500h5v5h-5zm8 0h5v5h-5zm-8 8h5v5h-5zm8 0h5v5h-5z" />);
export const SourcesIcon = icon(
  <path d="M16 5.500c0 1.400-2.700 2.500-6 2.500S4 6.900 4 5.500 6.700 3 10 3s6 1.100 6 2.500Zm0 0v9c0 1.400-2.700 2.500-6 2.500s-6-1.100-6-2.500v-9m12 4.500c0 1.400-2.700 2.500-6 2.500S4 11.400 4 10" />,
);
export const ServerIcon = icon(<path d="M3.500 4h13v5h-13zm0 7h13v5h-13zM6.500 6.500h.01m-.01 7h.01M10 6.500h4m-4 7h4" />);
export const CodeIcon = icon(<path d="m7 6-4 4 4 4m6-8 4 4-4 4" />);
export const KeyIcon = icon(<path d="M7 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm2.800-6.800L17 2.500m-3.500 3.200 2.500 2.500" />);
export const CloseIcon = icon(<path d="m5 5 10 10M15 5 5 15" />);
export const SunIcon = icon(
  <path d="M10 13.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM10 2v1.500m0 13V18m8-8h-1.500m-13 0H2m13.700-5.700-1.100 1.100M5.400 14.600l-1.100 1.100m11.400 0-1.100-1.100M5.400 5.400 4.300 4.300" />,
);
export const MoonIcon = icon(<path d="M16.500 12A7 7 0 0 1 8 3.500a7 7 0 1 0 8.500 8.500Z" />);
export const AutoIcon = icon(<path d="M3 4h14v9.500H3zm4 13h6m-3-3.500V17" />);
export const FilterIcon = icon(<path d="M3 5h14M6 10h8m-5 5h2" />);
export const ChevronIcon = icon(<path d="m7 4 6 6-6 6" />);
export const DownloadIcon = icon(<path d="M10 3v9m-4-3.500 4 4 4-4M4 16.500h12" />);
export const RefreshIcon = icon(<path d="M16 10a6 6 0 1 1-1.800-4.300L16 7.500M16 3.500v4h-4" />);
export const PlayIcon = icon(<path d="M6 4.500v11l9-5.500z" />);
