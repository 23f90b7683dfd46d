// What a world has open, so that closing the world closes it.

export class OpenThings {
  readonly #things = new Map<object, () => unknown>();

  add(thing: object, close: () => unknown): void {
    this.#things.set(thing, close);
  }

  delete(thing: object | undefined): void {
    if (thing !== undefined) this.#things.delete(thing);
  }

  closeWhere(isMeant: (thing: object) => boolean): void {
    for (const [thing, close] of [...this.#things]) if (isMeant(thing)) close();
  }

  async closeAll(): Promise<void> {
    const closes = [...this.#things.values()];
    this.#things.clear();
    await Promise.allSettled(closes.map(async (close) => close()));
  }
}
