// The files of a transfer, as a table.

import type { TransferFile } from '@shoal/api';
import { formatBytes } from '../numbers.ts';
import type { Output } from '../output.ts';
import { type Column, printTable } from './table.ts';
import { percentText } from './words.ts';

export function printFiles(output: Output, files: readonly TransferFile[]): void {
  printTable(output, files, columns, (file) => file);
}

const columns: readonly Column<TransferFile>[] = [
  { title: 'FILE', cell: ({ index }) => `${index}`, side: 'right' },
  {
    title: 'DONE',
    cell: ({ bytes, size }) => percentText({ bytes, total: size, isComplete: bytes === size }),
    side: 'right',
  },
  { title: 'SIZE', cell: ({ size }) => formatBytes(size), side: 'right' },
  {
    title: 'PRIORITY',
    cell: ({ priority }) => (priority === 'skip' ? { text: priority, style: 'dim' } : priority),
  },
  { title: 'PATH', cell: ({ path }) => path, isElastic: true },
];
