export type { IndexDatabase, ListedContent, SavedUser } from '../database/database.ts';
export { openDatabase } from './database.ts';
export { startSignatureThreads } from './signature-threads.ts';
export { startUdpThreads, type UdpThreads } from './udp-threads.ts';
