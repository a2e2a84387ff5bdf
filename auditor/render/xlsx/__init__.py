"""Workbooks (ISO/IEC 29500, XLSX): `book` lays out and writes any list, one file for each family.

`report` is the workbook of a run, `statement` the Statement of Applicability, `worksheet` a sample
to be tested, `request_list` an index of what an auditor asked for; sheets of a run are in
`controls`, `findings` and `reading`.
"""
