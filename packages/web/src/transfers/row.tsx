// One row of the list of transfers.

import type { TransferSummary } from '@shoal/api';
import { type MouseEvent, memo } from 'react';
import {
  formatBytes,
  formatDate,
  formatDay,
  formatDuration,
  formatRate,
  formatShare,
  visible,
} from '../format.ts';
import { Name } from '../parts/name.tsx';
import { Progress } from '../parts/progress.tsx';
import { addressOf } from '../route.ts';
import { texts } from '../texts.ts';
import { moodOf, reasonText, stateText } from './words.ts';

export interface RowProps {
  readonly transfer: TransferSummary;
  readonly index: number;
  readonly top: number;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  readonly onPick: (id: string, event: MouseEvent, isBox: boolean) => void;
}

export const rowId = (id: string): string => `transfer-${id}`;

export const TransferRow = memo(function TransferRow(props: RowProps) {
  const { transfer, index, top, isSelected, isActive, onPick } = props;
  const { id, name, bytes, total, size, downRate, upRate, secondsLeft, isComplete, peers, labels } = transfer;
  const mood = moodOf(transfer);
  const reason = reasonText(transfer);
  const shortName = visible(name, 120);
  return (
    <div
      id={rowId(id)}
      className={`row transfer${isActive ? ' active' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      style={{ top }}
      onClick={(event) => onPick(id, event, false)}
    >
      <div role="gridcell" className="box">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={isSelected}
          aria-label={texts.list.select(shortName)}
          onClick={(event) => {
            event.stopPropagation();
            onPick(id, event, true);
          }}
          onChange={() => {}}
        />
      </div>
      <div role="gridcell" className="name">
        <a
          className="title"
          href={addressOf({ page: 'transfer', id, tab: 'overview' })}
          tabIndex={-1}
          onClick={(event) => event.stopPropagation()}
        >
          <Name text={name} />
        </a>
        <span className={`state ${mood}`}>
          {stateText(transfer)}
          {reason === undefined ? (
            <span className="quiet"> · {texts.list.peers(peers)}</span>
          ) : (
            <span className="quiet">
              {' · '}
              <Name text={reason} longest={200} />
            </span>
          )}
          {labels.slice(0, 4).map((label) => (
            <span key={label} className="label">
              <Name text={label} />
            </span>
          ))}
        </span>
      </div>
      <div role="gridcell" className="progress">
        <Progress share={total === 0 ? 0 : bytes / total} kind={mood} />
        <span className="quiet">
          {formatShare(bytes, total)}
          {!isComplete && total > 0 && (
            <span className="amount"> · {texts.list.of(formatBytes(bytes), formatBytes(total))}</span>
          )}
        </span>
      </div>
      <div role="gridcell" className="number down">
        {formatRate(downRate)}
      </div>
      <div role="gridcell" className="number up">
        {formatRate(upRate)}
      </div>
      <div role="gridcell" className="number left">
        {secondsLeft === undefined || isComplete ? '–' : formatDuration(secondsLeft)}
      </div>
      <div role="gridcell" className="number size">
        {size === 0 ? '–' : formatBytes(size)}
      </div>
      <div role="gridcell" className="number added" title={formatDate(transfer.addedMs)}>
        {formatDay(transfer.addedMs)}
      </div>
    </div>
  );
});
