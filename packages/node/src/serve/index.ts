// A folder as a web server: the client-server way, for comparison, and for small offices.

export { type Answered, type FileServer, type FileServerOptions, serveFolder } from './file-server.ts';
export { addUser, removeUser } from './user-files.ts';
export { readUsers } from './users.ts';
