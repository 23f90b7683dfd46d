// Several generators as one: what any of them yields comes at once.

export async function* merge<T>(
  sources: readonly AsyncGenerator<T, void, void>[],
): AsyncGenerator<T, void, void> {
  const [only] = sources;
  if (sources.length === 1 && only !== undefined) {
    yield* only;
    return;
  }
  const step = async (source: AsyncGenerator<T, void, void>) => ({ source, result: await source.next() });
  const waiting = new Map(sources.map((source) => [source, step(source)]));
  try {
    while (waiting.size > 0) {
      const { source, result } = await Promise.race(waiting.values());
      if (result.done === true) waiting.delete(source);
      else {
        waiting.set(source, step(source));
        yield result.value;
      }
    }
  } finally {
    for (const pending of waiting.values()) pending.catch(() => {});
    await Promise.allSettled(sources.map((source) => source.return()));
  }
}
