"""The functions of expressions, one family a file, joined in one table.

A function is found by its name, not by the checker's overload id: under `dyn` a call has several
ids, and only the kinds of the arguments decide between them. So every function checks the kinds of
its arguments itself and raises `EvaluationError` for any other; none has a side effect.
"""
