// The file that the page of uploads passes on to the page that defines a dataset.
import { signal } from "./ui.js";

export const passedOn = signal(null);
