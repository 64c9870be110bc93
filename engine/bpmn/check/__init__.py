"""The rules by which uploaded files are judged before anything of them runs.

Each module holds the rules about one thing and notes findings; `engine.bpmn.analysis.checking` calls them.
"""
