export { type Answer, type FoundItem, type InfohashSample, readAnswer } from './answer.ts';
export { addToBloom, bloomBytes, estimateBloom, uniteBlooms } from './bloom.ts';
export { errorCodes, type Message, type PutItem, type Query, readMessage, type Want } from './krpc.ts';
export { compactNode, type NodeInfo, readCompactNodes } from './nodes.ts';
export { type QuestionFrame, writeQuestion } from './question.ts';
export { type Reply, type ValueSource, writeError, writeReply } from './reply.ts';
