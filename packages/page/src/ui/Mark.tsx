/** Icons shown next to text. Each has a distinct outline, so that no meaning depends on colour alone. */
const paths = {
  stop: "M7 2.5h6l4.5 4.5v6L13 17.5H7L2.5 13V7z M10 6v5 M10 13.6v.4",
  warn: "M10 2.8 18 17H2z M10 8v4.2 M10 14.4v.4",
  note: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15z M10 9.2v4.6 M10 6.2v.4",
  active: "M3.5 10.5 8 15l8.5-9.5",
  over: "M4.5 4.5l11 11 M15.5 4.5l-11 11",
  waiting: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15z M10 5.5V10l3.2 2",
  paused: "M7 4v12 M13 4v12",
  unknown: "M6.8 7.2a3.2 3.2 0 1 1 4.6 2.9c-1 .5-1.4 1-1.4 2.1 M10 15.4v.4",
} as const;

/** Which shape. */
export type MarkName = keyof typeof paths;

/** A decorative icon next to text with the same meaning; hidden from screen readers. */
export const Mark = ({ name, className }: { name: MarkName; className: string }) => (
  <svg className={className} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <path
      d={paths[name]}
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  </svg>
);
