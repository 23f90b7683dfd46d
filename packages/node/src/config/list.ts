// Lists in the config: one text with commas or spaces between, or `none`.

export function listOf(text: string): string[] {
  return text === 'none' ? [] : text.split(/[, ]+/).filter((item) => item !== '');
}
