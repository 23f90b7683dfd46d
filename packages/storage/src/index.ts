export {
  type CheckContentOptions,
  type CheckedContent,
  type CheckedFile,
  checkContent,
  findsFiles,
} from './check-content.ts';
export * from './errors.ts';
export { openContent } from './open-content.ts';
export { OpenFiles } from './open-files.ts';
export type * from './types.ts';
