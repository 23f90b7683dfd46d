// Texts that want to be more than text, in every field that a publication, a rating and a URL have.

import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { hashOf, keyOf, publication, rating } from '../catalogue/publishing.ts';

/** Each would call the function `hacked`, or load something, where it were HTML. */
export const corpus: readonly string[] = [
  '<script>hacked()</script>',
  '</title><script>hacked()</script>',
  '"><script>hacked()</script>',
  "'><script>hacked()</script>",
  '<img src=x onerror=hacked()>',
  '"><img src=x onerror="hacked()">',
  '<svg onload=hacked()>',
  '<svg><script>hacked()</script></svg>',
  '<body onload=hacked()>',
  '<iframe srcdoc="<script>parent.hacked()</script>"></iframe>',
  '<iframe src="javascript:parent.hacked()">',
  '<a href="javascript:hacked()">x</a>',
  'javascript:hacked()',
  '" autofocus onfocus=hacked() x="',
  "' autofocus onfocus=hacked() x='",
  '` onmouseover=hacked() `',
  '</bdi></p></main><script>hacked()</script>',
  '<!--><script>hacked()</script>-->',
  '<![CDATA[<script>hacked()</script>]]>',
  ']]><script>hacked()</script>',
  '<style>@import "//evil.example";*{background:url(javascript:hacked())}</style>',
  '<link rel=stylesheet href=//evil.example>',
  '<base href="//evil.example/">',
  '<meta http-equiv=refresh content="0;url=javascript:hacked()">',
  '<form action=//evil.example><button>x</button></form>',
  '<math><mtext><style><img src=x onerror=hacked()></style></mtext></math>',
  '<noscript><p title="</noscript><img src=x onerror=hacked()>">',
  '&lt;script&gt;hacked()&lt;/script&gt;',
  '&#60;script&#62;hacked()&#60;/script&#62;',
  '\\u003cscript\\u003ehacked()\\u003c/script\\u003e',
  '{{constructor.constructor("hacked()")()}}',
  '$' + '{hacked()}',
  '<scr<script>ipt>hacked()</scr</script>ipt>',
  '<details open ontoggle=hacked()>',
  '<template><script>hacked()</script></template>',
  '<x onclick=hacked()>click</x>',
  '﹤script﹥hacked()﹤/script﹥',
  `ع${'ם'.repeat(40)} <b>اختبار</b>`,
  `Z${'\u0336\u0347\u0353\u0321'.repeat(20)}algo`,
  'a'.repeat(200),
  "Robert'); DROP TABLE entries;--",
];

/** Publishes all of it; answers with paths of pages that show it. */
export async function hostile(catalogue: Catalogue): Promise<string[]> {
  const paths = ['/', '/search', '/search?limit=100', `/publisher/${keyOf(1).id}`];
  for (const [i, text] of corpus.entries()) {
    const number = i + 1;
    await catalogue.take(
      publication(number, text, {
        description: `${text}\n${text}`,
        licence: [...text].slice(0, 15).join('').trim(),
        category: 'software',
        files: [
          { path: text.slice(0, 300), length: 1 },
          { path: `folder/${text.slice(0, 100)}.exe`, length: 2 },
        ],
        trackers: [`http://tracker.example/announce?${encodeURIComponent(text).slice(0, 100)}`],
      }),
    );
    await catalogue.take(rating(number, 2, { stars: 1, comment: text }));
    const word = encodeURIComponent(text);
    paths.push(`/torrent/${hashOf(number)}`, `/search?q=${word}`);
    for (const name of [
      'publisher',
      'language',
      'type',
      'file',
      'tag',
      'category',
      'sort',
      'min-size',
      'newer',
      'offset',
    ])
      if (i % 5 === name.length % 5) paths.push(`/search?q=x&${name}=${word}`);
    paths.push(`/search?q=a&${word}=${word}`, `/publisher/${word.replaceAll('%2F', '')}`);
  }
  return paths;
}
