// What every part of the console is written with, under one import.
import { h, Fragment, render } from "./vendor/preact.js";
import { useCallback, useEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
import { batch, computed, effect, signal } from "./vendor/signals.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export { Fragment, batch, computed, effect, render, signal };
export { useCallback, useEffect, useMemo, useRef, useState };
