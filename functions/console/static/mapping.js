// How a header that the contract does not know is read, remembered for the sender and the dataset.
import { account } from "./session.js";

const key = (dataset, header) => `waybill.mapping:${JSON.stringify([account.value.name, dataset, header])}`;

export function remembered(dataset, header) {
  return JSON.parse(localStorage.getItem(key(dataset, header)) ?? "null");
}

export function remember(dataset, header, columns) {
  localStorage.setItem(key(dataset, header), JSON.stringify(columns));
}

export function forget(dataset, header) {
  localStorage.removeItem(key(dataset, header));
}
