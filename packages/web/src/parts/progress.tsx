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
  return (
    <svg
      className={`progress ${kind}`}
      viewBox="0 0 100 4"
      preserveAspectRatio="none"
      role={label === undefined ? 'presentation' : 'progressbar'}
      aria-hidden={label === undefined}
      aria-label={label}
      aria-valuenow={label === undefined ? undefined : Math.floor(percent)}
      aria-valuemin={label === undefined ? undefined : 0}
      aria-valuemax={label === undefined ? undefined : 100}
    >
      <rect className="track" width="100" height="4" />
      <rect className="bar" width={percent} height="4" />
    </svg>
  );
}
