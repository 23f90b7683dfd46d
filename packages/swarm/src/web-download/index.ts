export { WebDownload, type WebDownloadOptions, type WebDownloadParts } from './download.ts';
export { WebDownloadError, type WebDownloadErrorCode } from './errors.ts';
export { withoutPassword } from './mirror.ts';
