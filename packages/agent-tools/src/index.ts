/** Tools that let a language model pay inside a session: one definition each, for any framework. */
export {};
