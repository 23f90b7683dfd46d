// Torrent files and links that are dropped anywhere on the page.

import { useEffect, useState } from 'react';
import { texts } from '../texts.ts';
import { openAdd } from '../transfers/dialogs.ts';

export function Drop() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      setOver(false);
      const data = event.dataTransfer;
      if (data === null) return;
      const text = data.getData('text/uri-list') || data.getData('text/plain');
      if (data.files.length > 0 || text !== '') openAdd(data.files.length > 0 ? '' : text, [...data.files]);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return isOver ? (
    <div className="drop">
      <p>{texts.drop}</p>
    </div>
  ) : null;
}
