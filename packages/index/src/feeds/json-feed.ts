// JSON Feed 1.1.

import type { Feed } from './entries.ts';

export function jsonFeedOf({ title, link, self, items }: Feed): string {
  const feed = {
    version: 'https://jsonfeed.org/version/1.1',
    title,
    home_page_url: link,
    feed_url: self,
    items: items.map((item) => ({
      id: item.id,
      url: item.link,
      external_url: item.magnet,
      title: item.title,
      // Text or HTML: readers show this one as it is.
      content_text: item.text,
      date_published: new Date(item.publishedMs).toISOString(),
      date_modified: new Date(item.changedMs).toISOString(),
      authors: [{ name: item.author.slice(0, 16) }],
      tags: item.categories,
      ...(item.enclosure !== undefined && {
        attachments: [
          {
            url: item.enclosure.url,
            mime_type: 'application/x-bittorrent',
            size_in_bytes: item.enclosure.length,
          },
        ],
      }),
    })),
  };
  return `${JSON.stringify(feed)}\n`;
}
