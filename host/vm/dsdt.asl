/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest of lem-vm cannot find out by itself: PCI bus 0, the addresses for
 * BARs, the interrupts of the slots (machine.c: nic_gsi), the serial port, where
 * to tell of a panic, and how to switch off.
 */
DefinitionBlock ("", "DSDT", 2, "LEM", "LEM-VM", 1)
{
	Name (_S5, Package () { 5, 0, 0, 0 })

	Scope (_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A03"))
			Name (_ADR, 0)
			Name (_UID, 0)
			Name (_BBN, 0)
			Name (_CRS, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed,
				    MaxFixed, PosDecode, 0, 0, 0, 0, 1)
				IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed,
				    PosDecode, EntireRange, 0, 0xC000, 0xFFFF,
				    0, 0x4000)
				DWordMemory (ResourceProducer, PosDecode,
				    MinFixed, MaxFixed, NonCacheable,
				    ReadWrite, 0, 0xE0000000, 0xFEBFFFFF, 0,
				    0x1EC00000)
			})
			Name (_PRT, Package ()
			{
				Package () { 0x0003FFFF, 0, 0, 5 },
				Package () { 0x0004FFFF, 0, 0, 10 },
				Package () { 0x0005FFFF, 0, 0, 11 },
				Package () { 0x0006FFFF, 0, 0, 5 },
				Package () { 0x0007FFFF, 0, 0, 10 },
				Package () { 0x0008FFFF, 0, 0, 11 },
				Package () { 0x0009FFFF, 0, 0, 5 },
				Package () { 0x000AFFFF, 0, 0, 10 },
			})
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x03F8, 0x03F8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}

		Device (PEVT)
		{
			Name (_HID, "QEMU0001")
			Name (_STA, 0x0F)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0505, 0x0505, 1, 1)
			})
		}
	}
}
