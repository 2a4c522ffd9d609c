export { readKeys, type ReceiptKeySet } from './read-keys.js';
export { type CheckedReceipt, verifyReceipt, verifySignature } from './verify-receipt.js';
export { verifyChain } from './verify-chain.js';
