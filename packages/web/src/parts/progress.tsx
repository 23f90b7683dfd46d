// How much of something is here. The bar is an SVG, since the policy of the pages allows no style in the markup.

export function Progress({
  share,
  kind,
  label,
}: {
  readonly share: number;
  readonly kind: string;
  readonly label?: string;
}) {
  const percent = Math.min(100, Math.max(0, share * 100));
  const bar = (
    <svg className={`progress ${kind}`} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect className="track" width="100" height="4" />
      <rect className="bar" width={percent} height="4" />
    </svg>
  );
  if (label === undefined) return bar;
  return (
    <div
      className="bigProgress"
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.floor(percent)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      {bar}
    </div>
  );
}
