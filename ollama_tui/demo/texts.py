"""Templates, licenses and system prompts of the demo's models; all of them written for it."""

from __future__ import annotations

CHATML = """\
{{- range $index, $message := .Messages }}
{{- if and (eq $index 0) $.System }}<|im_start|>system
{{ $.System }}<|im_end|>
{{ end }}<|im_start|>{{ $message.Role }}
{{ $message.Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
CHATML_TOOLS = """\
{{- if .Tools }}<|im_start|>system
{{ .System }}
These functions may be called:
{{ range .Tools }}{{ . }}
{{ end }}Call one by answering with its name and arguments as JSON.<|im_end|>
{{ end }}{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}{{ range .ToolCalls }}
{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
CHATML_THINKING = (
    CHATML_TOOLS
    + "{{ if .IsThinkSet }}{{ if not .Think }}<think>\n\n</think>\n\n{{ end }}{{ end }}"
)
FILL = (
    "{{ if .Suffix }}<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>{{ else }}{{ .Prompt }}{{ end }}"
)
FILL_CHAT = (
    "{{- if .Suffix }}<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>"
    "{{ else }}" + CHATML_TOOLS + "{{ end }}"
)
INST = """\
{{- range .Messages }}
{{- if eq .Role "user" }}[INST] {{ if $.System }}{{ $.System }}

{{ end }}{{ .Content }}[/INST]
{{- else }} {{ .Content }}</s>
{{- end }}
{{- end }}"""
INST_TOOLS = "{{ if .Tools }}[AVAILABLE_TOOLS] {{ .Tools }}[/AVAILABLE_TOOLS]{{ end }}" + INST
TURNS = """\
{{- range .Messages }}<start_of_turn>{{ if eq .Role "assistant" }}model{{ else }}user{{ end }}
{{ .Content }}<end_of_turn>
{{ end }}<start_of_turn>model
"""
HEADERS = """\
{{- if .System }}<|start_header_id|>system<|end_header_id|>

{{ .System }}<|eot_id|>{{ end }}
{{- range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>

{{ .Content }}<|eot_id|>{{ end }}<|start_header_id|>assistant<|end_header_id|>

"""
HEADERS_TOOLS = HEADERS.replace(
    "{{ .System }}", "{{ .System }}{{ if .Tools }}\n{{ .Tools }}{{ end }}"
)
HARMONY = """\
<|start|>system<|message|>{{ .System }}
Reasoning: {{ if .ThinkLevel }}{{ .ThinkLevel }}{{ else }}medium{{ end }}
{{ if .Tools }}{{ .Tools }}{{ end }}<|end|>
{{- range .Messages }}<|start|>{{ .Role }}<|message|>{{ .Content }}<|end|>
{{- end }}<|start|>assistant"""
JINJA = (
    "{%- if tools %}{{ tools | tojson }}{%- endif %}{%- for m in messages %}"
    "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{%- endfor %}"
    "<|im_start|>assistant\n{%- if not enable_thinking %}<think></think>{%- endif %}"
)

AFTERTHOUGHT = "{{- /* newer */ -}}"
"""Makes a template another one without any effect."""

PERMISSIVE = """\
Permissive Sample License
Version 2, for the weights of demonstration models

You may use, copy, change and share these weights, for any purpose and without a fee,
as long as a copy of this text stays with them and changes are marked as such.

The weights come as they are. Nobody who made them answers for what comes of using them."""
COMMUNITY = """\
Community Sample License Agreement
Release date: a Tuesday

1. You get a right to use and change the materials that cannot be sold on and costs nothing.
2. A product made with them says so where its users can read it.
3. Whoever serves more than 700 million people a month asks first.
4. The acceptable use policy is part of this agreement: no harm, no deceit, nothing unlawful.
5. The materials come without any warranty."""
RESEARCH = """\
Research Sample License

For study and teaching only. Money may not change hands for these weights or for what they
produce. Results may be published when their origin is named."""
AMENDMENT = """

Amended: results may also be shown to students."""
USE_POLICY = """\
Acceptable Use Policy

Do not use the model to break laws, to deceive people about who wrote a text, or to decide
alone about anybody's health, work or freedom."""

REVIEWER = """\
You review patches for a small team.
Name the worst problem first, in one sentence, then the line it is on.
Praise nothing. If all is well, say so in three words."""
SUPPORT = "You answer customers of a bicycle shop. Be brief and friendly, and never promise a date."
SQL = (
    "Turn a question into one SQL query for PostgreSQL 16. Answer with the query and nothing else."
)
PIRATE = "Answer every question as a retired pirate who has taken up gardening."
