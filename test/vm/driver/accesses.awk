# SPDX-License-Identifier: BSD-2-Clause
#
# Register accesses of a NIC of QEMU, from its trace of memory_region_ops_*.
# The guest marks windows by lines on its serial port, which are in the trace:
#
#	ACCESS begin
#	ACCESS end NAME FIELD=NUMBER...		what the guest counted itself
#
# Prints for each window a line "ACCESSES NAME FIELD=NUMBER... REGISTER=COUNT...".
# Registers that only bring-up and filters touch are "setup".

function hex_byte(text)
{
	return text in byte ? byte[text] : "?"
}

function known(reg)
{
	if (reg in name)
		return name[reg]
	# MTA and VFTA, RAR
	if (reg ~ /^5[2367]/ || reg ~ /^54[0-7]/)
		return "setup"
	return reg in setup ? "setup" : "other"
}

function line_done(	i, words, n)
{
	n = split(line, words, " ")
	line = ""
	if (n < 2 || words[1] != "ACCESS")
		return
	if (words[2] == "begin") {
		split("", count)
		inside = 1
		return
	}
	inside = 0
	printf "ACCESSES"
	for (i = 3; i <= n; i++)
		printf " %s", words[i]
	for (i = 1; i <= fields; i++)
		printf " %s=%d", field[i], count[field[i]]
	print ""
	fflush()
}

BEGIN {
	for (i = 32; i < 127; i++)
		byte[sprintf("0x%x", i)] = sprintf("%c", i)
	name["0000"] = "ctrl"
	name["0008"] = "status"
	name["00c0"] = "icr"
	name["00c4"] = "itr"
	name["00d0"] = "ims"
	name["00d8"] = "imc"
	name["2818"] = "rdt"
	name["3818"] = "tdt"
	# MDIC; FCAL FCAH FCT VET FCTTV; RCTL TCTL TIPG; rings; delays; RXCSUM
	n = split("0020 0028 002c 0030 0038 0170 0100 0400 0410 2800 2804 2808 " \
	    "2810 3800 3804 3808 3810 2820 282c 3820 382c 5000", list, " ")
	for (i = 1; i <= n; i++)
		setup[list[i]] = 1
	fields = split("read_icr read_status read_ctrl read_setup read_other " \
	    "write_tdt write_rdt write_ims write_imc write_itr write_ctrl " \
	    "write_setup write_other", field, " ")
	for (i = 1; i <= fields; i++)
		listed[field[i]] = 1
}

# memory_region_ops_write cpu 0 mr 0x... addr 0x... value 0x... size 4 name '...'
$1 == "memory_region_ops_write" && $7 == "0x3f8" {
	if ($9 == "0xa")
		line_done()
	else if ($9 != "0xd")
		line = line hex_byte($9)
	next
}
inside && $NF == "'e1000-mmio'" {
	reg = substr($7, length($7) - 3)
	access = $1 == "memory_region_ops_read" ? "read_" : "write_"
	what = access known(reg)
	if (!(what in listed))
		what = access "other"
	count[what]++
}
